"""What is computed: available systems and models, workers, runs, what is kept and said of them."""
