"""What the tests and the demo stand on: nginx, keys, IdPs and a small browser."""
