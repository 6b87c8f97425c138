"""The server around the page: password, headers, metrics and logs."""
