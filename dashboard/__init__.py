"""The live page: a slider moves the physics, the learned model answers beside the full model."""
