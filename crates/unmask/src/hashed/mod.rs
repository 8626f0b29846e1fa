//! Proves or refutes that a value like a digest is a hash of an identifier.
