"""What the words of the page mean, reachable from each of them."""
