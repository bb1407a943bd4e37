"""Forms of ``training``: they shape what was typed; whether it fits is said by the operations, field by field."""
