//! No program: the examples of the README, compiled and run as documentation tests, so that they stay true.
#![doc = include_str!("../README.md")]
