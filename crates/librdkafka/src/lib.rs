//! librdkafka as a second engine.
