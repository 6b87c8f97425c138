"""What is computed: systems and models on offer, workers, runs, what is kept and said of them."""
