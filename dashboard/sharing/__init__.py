"""Sharing a page: address and QR code, following the teacher, how to cite."""
