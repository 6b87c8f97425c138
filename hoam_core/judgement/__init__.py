"""Judgement of trained models: the steps and particles they need, and their errors."""
