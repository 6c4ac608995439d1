//! ad-directory
