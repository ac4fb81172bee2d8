//go:build !race

package product_test

const raced = false
