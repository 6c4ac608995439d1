//! alm-core
