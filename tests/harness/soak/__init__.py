"""Hours of mixed load on two nginx while everything changes: what grows, and who gets a wrong answer."""
