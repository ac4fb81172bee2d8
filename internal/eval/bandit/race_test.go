//go:build race

package bandit

// raced says that the race detector is at work, which makes a fit some fifteen times slower.
const raced = true
