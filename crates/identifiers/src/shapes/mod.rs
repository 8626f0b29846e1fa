//! Shapes: identifiers recognised without knowing their value.
