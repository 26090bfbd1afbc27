//! fifo.
