"""What runs around the page: password, headers, measurements and logs of a server."""
