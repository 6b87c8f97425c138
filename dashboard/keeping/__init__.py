"""Keeps visitors' uploads and models on the server, within limits."""
