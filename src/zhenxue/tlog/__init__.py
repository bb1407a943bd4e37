"""A Merkle-tree log in plain Python: RFC 6962 / RFC 9162 trees and proofs, C2SP tiles, checkpoints and signed notes."""
