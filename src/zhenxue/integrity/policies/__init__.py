"""Who may do what in ``integrity``, a file a concern."""
