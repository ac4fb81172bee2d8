//go:build !race

package ope_test

const raced = false
