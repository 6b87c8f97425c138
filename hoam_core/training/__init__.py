"""From data to parameters: the experiment, the loop, its checkpoints and devices."""
