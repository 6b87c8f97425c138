"""What is computed: models and systems on offer, workers, runs, what is kept of them, words about them."""
