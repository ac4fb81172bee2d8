//go:build !race

package bandit

const raced = false
