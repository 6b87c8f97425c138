"""What one visitor has computed: his questions to the workers, and the answers."""
