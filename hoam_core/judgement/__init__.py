"""What a trained model needs, and how far it is from the truth."""
