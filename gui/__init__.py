"""What the person sees. Never imports torch itself."""
