"""What the person drew: values, edits, checks and files. Knows neither torch nor Qt."""
