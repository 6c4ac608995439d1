//! The integration tests, in one binary.

mod it {
    mod canary;
    mod hostile;
    mod operations;
    mod options;
    mod raw;
    mod sending;
    mod signing_in;
    mod simulator;
    mod tls;
}
