"""What the benches share: fresh databases, servers of their own, a load generator, a large world."""
