"""Training: the loop, what it optimizes and measures, and what it leaves behind."""
