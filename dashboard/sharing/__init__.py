"""A page for many: address and QR code, following the teacher, how to cite."""
