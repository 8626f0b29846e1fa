//! The pipeline and the judgement: messages to sightings to findings.
