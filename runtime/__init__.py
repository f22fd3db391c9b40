"""What happens when a drawing runs: shapes, code, training, export. Knows no Qt."""
