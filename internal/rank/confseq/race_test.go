//go:build race

package confseq_test

// raced says that the race detector is at work, which makes a simulation some ten times slower.
const raced = true
