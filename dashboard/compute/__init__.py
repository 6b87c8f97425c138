"""What is computed for one visitor: the questions to the workers, and the answers."""
