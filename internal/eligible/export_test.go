package eligible

import (
	"math"
	"slices"

	"cel.dev/cel-go/cel"
)

// Words are all names and functions of c, for the test of the documentation.
func Words(c *Compiler) []string { return slices.Clone(c.words) }

// Counter evaluates the rule with counting but no limit, and gives what it cost.
func Counter(r *Rule) func(*Facts) uint64 {
	checked, _ := r.compiler.env.Compile(r.source)
	program, err := r.compiler.env.Program(checked, append(programOptions(0), cel.CostTracking(nil))...)
	return func(f *Facts) uint64 {
		if err != nil {
			return math.MaxUint64
		}
		_, details, _ := program.Eval(r.compiler.activation(f))
		if details == nil || details.ActualCost() == nil {
			return math.MaxUint64
		}
		return *details.ActualCost()
	}
}
