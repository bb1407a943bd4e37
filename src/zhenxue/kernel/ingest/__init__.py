"""What lean ASGI handlers share: grouped durable commits, limits, the few parts of HTTP that they need."""
