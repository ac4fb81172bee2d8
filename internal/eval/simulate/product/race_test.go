//go:build race

package product_test

// raced says that the race detector is at work.
const raced = true
