//go:build race

package app_test

// raced says that the race detector is at work, which makes everything some five times slower.
const raced = true
