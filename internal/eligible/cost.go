package eligible

import (
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// Bounds on what a rule may cost.
const (
	// MaxCost is the most a rule may cost, in CEL's units, both as estimated over all facts when it is compiled and as
	// counted while it runs. One unit takes up to about 250 ns; the tests hold the worst known rules to 5 ms and 1 MB.
	MaxCost = 10_000
	// countedFrom is the estimate above which the cost is also counted while the rule runs.
	countedFrom = MaxCost / 10
	// MaxJoined is how long a text that a rule builds with + can become, in bytes.
	MaxJoined = 2048
	// MaxPattern is how many bytes a regular expression may have, MaxPatternSteps how many instructions it may compile to.
	MaxPattern      = 256
	MaxPatternSteps = 100
)

// affordable is the most that a rule can cost on any facts; it refuses a rule that could cost more than MaxCost.
func (c *Compiler) affordable(checked *cel.Ast) (uint64, error) {
	estimate, err := c.env.EstimateCost(checked, hints{typed: c.typed})
	if err != nil {
		return 0, invalid("the cost of the rule cannot be estimated: %v", err)
	}
	switch {
	case estimate.Max > math.MaxInt64:
		return 0, invalid("this rule can cost too much (estimate without bound, limit %d)", MaxCost)
	case estimate.Max > MaxCost:
		return 0, invalid("this rule can cost too much (estimate %d, limit %d)", estimate.Max, MaxCost)
	}
	return estimate.Max, nil
}

// programOptions say how a rule of the estimated cost runs: folded, with its patterns compiled beforehand, and, when it
// is not cheap anyway, counted and stopped at MaxCost. Counting more than doubles the time of a small rule, and the
// estimate holds for all facts, since reading a fact holds to the bounds it assumes.
func programOptions(estimate uint64) []cel.ProgramOption {
	opts := []cel.ProgramOption{
		cel.EvalOptions(cel.OptOptimize),
		cel.OptimizeRegex(&interpreter.RegexOptimization{Function: overloads.Matches, RegexIndex: 1, Factory: planPattern}),
	}
	if estimate > countedFrom {
		opts = append(opts, cel.CostLimit(MaxCost))
	}
	return opts
}

// planPattern replaces a call of matches by one whose pattern is compiled.
func planPattern(call interpreter.InterpretableCall, pattern string) (interpreter.InterpretableCall, error) {
	re, err := compilePattern(pattern)
	if err != nil {
		return nil, err
	}
	match := func(args ...ref.Val) ref.Val {
		s, ok := args[0].(types.String)
		if !ok {
			return types.MaybeNoSuchOverloadErr(args[0])
		}
		return types.Bool(re.MatchString(string(s)))
	}
	return interpreter.NewCall(call.ID(), call.Function(), call.OverloadID(), call.Args(), match), nil
}

func compilePattern(pattern string) (*regexp.Regexp, error) {
	if len(pattern) > MaxPattern {
		return nil, fmt.Errorf("the pattern is %d bytes long, at most %d are allowed", len(pattern), MaxPattern)
	}
	if n, err := patternSteps(pattern); err != nil {
		return nil, fmt.Errorf("the pattern is no regular expression: %w", err)
	} else if n > MaxPatternSteps {
		return nil, fmt.Errorf("the pattern needs %d steps for each character, at most %d are allowed", n, MaxPatternSteps)
	}
	return regexp.Compile(pattern)
}

// patternSteps is the length of the program of a pattern, to which the time per character is proportional.
func patternSteps(pattern string) (int, error) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0, err
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return 0, err
	}
	return len(prog.Inst), nil
}

// hints tell the estimate how large the facts can be.
type hints struct{ typed map[string]*cel.Type }

// EstimateSize is the size of what is read from a name, whole or in part.
func (h hints) EstimateSize(node cost.AstNode) *cost.SizeEstimate {
	path := node.Path()
	if len(path) == 0 || h.typed[path[0]] == nil || node.Type() == nil {
		return nil
	}
	size := sizeOf(node.Type())
	return &size
}

// EstimateCallCost leaves calls to the models.
func (h hints) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

func sizeOf(t *types.Type) cost.SizeEstimate {
	switch t.Kind() {
	case types.StringKind:
		return cost.RangedSizeEstimate(0, MaxString)
	case types.ListKind:
		elem := sizeOf(t.Parameters()[0])
		return cost.SizeEstimate{Max: MaxEntries, Elem: &elem}
	case types.MapKind:
		key, elem := sizeOf(t.Parameters()[0]), sizeOf(t.Parameters()[1])
		return cost.SizeEstimate{Max: MaxEntries, Key: &key, Elem: &elem}
	default:
		return cost.FixedSizeEstimate(1)
	}
}

// costModels price our own functions and, where CEL's own models reckon too low for a hard bound or say nothing of the
// size of the result, the standard ones.
func costModels() []cost.OverloadModel {
	models := []cost.OverloadModel{
		cost.MemberOverload(overloadOf(fnGet), cost.EvalCost(cost.Const(2)), cost.ResultSize(cost.AtMost(cost.TargetElem()))),
		cost.Overload(overloads.SizeString, cost.EvalCost(scan(cost.Arg(0)))),
		cost.MemberOverload(overloads.SizeStringInst, cost.EvalCost(scan(cost.Target()))),
		cost.Overload(overloads.StringToString, cost.EvalCost(cost.Const(1)), cost.ResultSize(cost.Arg(0))),
		cost.Overload(overloads.Equals, cost.ManualCost(estimateEquals, trackEquals)),
		cost.Overload(overloads.NotEquals, cost.ManualCost(estimateEquals, trackEquals)),
		cost.Overload(overloads.AddString, cost.ManualCost(estimateJoin, trackJoin)),
		cost.Overload(overloads.Matches, cost.ManualCost(estimateMatches, trackMatches)),
		cost.MemberOverload(overloads.MatchesString, cost.ManualCost(estimateMatches, trackMatches)),
	}
	for fn, price := range map[string]uint64{fnCount: 5, fnVisitCount: 5, fnSince: 5, fnP: 5, fnMet: 15} {
		models = append(models, cost.Overload(overloadOf(fn), cost.EvalCost(cost.Const(price))))
	}
	for _, id := range []string{
		overloads.StringToInt, overloads.StringToDouble, overloads.StringToBool, overloads.StringToDuration,
		overloads.StringToTimestamp,
	} {
		models = append(models, cost.Overload(id, cost.EvalCost(cost.Sum(cost.Const(5), scan(cost.Arg(0))))))
	}
	for _, id := range []string{
		overloads.BoolToString, overloads.IntToString, overloads.UintToString, overloads.DoubleToString,
		overloads.TimestampToString, overloads.DurationToString,
	} {
		models = append(models, cost.Overload(id, cost.EvalCost(cost.Const(3)), cost.ResultSize(cost.Ranged(cost.Const(1), cost.Const(40)))))
	}
	return models
}

func scan(s cost.QuantityExpr) cost.QuantityExpr { return cost.StringScan(s) }

// estimateEquals counts every element of lists and maps, where CEL counts a tenth.
func estimateEquals(e cost.Estimator, _ *cost.AstNode, args []cost.AstNode) *cost.CallEstimate {
	// At least 1, since comparing what failed is counted as that.
	n := max(1, min(cost.EstimateSize(e, args[0]).Max, cost.EstimateSize(e, args[1]).Max))
	return cost.NewCallEstimate(cost.RangedCostEstimate(1, cost.SafeAdd(1, cost.SafeMultiplyByFactor(n, equalsFactor(args[0].Type().Kind())))), nil)
}

func trackEquals(args []ref.Val, _ ref.Val) *uint64 {
	kind := types.StringKind
	switch args[0].(type) {
	case traits.Mapper:
		kind = types.MapKind
	case traits.Lister:
		kind = types.ListKind
	}
	n := min(cost.ActualSize(args[0]), cost.ActualSize(args[1]))
	c := cost.SafeAdd(1, cost.SafeMultiplyByFactor(n, equalsFactor(kind)))
	return &c
}

func equalsFactor(kind types.Kind) float64 {
	switch kind {
	case types.MapKind:
		return 4
	case types.ListKind:
		return 1
	default:
		return cost.StringTraversalCostFactor
	}
}

// estimateJoin finds no bound for a text longer than MaxJoined, so that every such rule is refused.
func estimateJoin(e cost.Estimator, _ *cost.AstNode, args []cost.AstNode) *cost.CallEstimate {
	size := cost.EstimateSize(e, args[0]).Add(cost.EstimateSize(e, args[1]))
	if size.Max > MaxJoined {
		return cost.NewCallEstimate(cost.UnknownCostEstimate(), &size)
	}
	return cost.NewCallEstimate(cost.RangedCostEstimate(1, cost.SafeAdd(1, cost.SafeMultiplyByFactor(size.Max, cost.StringTraversalCostFactor))), &size)
}

func trackJoin(args []ref.Val, _ ref.Val) *uint64 {
	n := cost.SafeAdd(cost.ActualSize(args[0]), cost.ActualSize(args[1]))
	c := cost.SafeAdd(1, cost.SafeMultiplyByFactor(n, cost.StringTraversalCostFactor))
	return &c
}

// matchFactor is what one step of a pattern costs on one byte.
const matchFactor = 0.08

func estimateMatches(e cost.Estimator, target *cost.AstNode, args []cost.AstNode) *cost.CallEstimate {
	if target != nil {
		args = append([]cost.AstNode{*target}, args...)
	}
	steps := MaxPatternSteps
	if p := args[1].Expr(); p.Kind() == ast.LiteralKind {
		if n, err := patternSteps(literal(p)); err == nil {
			steps = n
		}
	}
	n := cost.EstimateSize(e, args[0]).Max
	return cost.NewCallEstimate(cost.RangedCostEstimate(1, cost.SafeAdd(5, cost.SafeMultiplyByFactor(n, matchFactor*float64(steps)))), nil)
}

// trackMatches does not know how long the pattern's program is; the estimate does.
func trackMatches(args []ref.Val, _ ref.Val) *uint64 {
	c := cost.SafeAdd(1, cost.SafeMultiplyByFactor(cost.ActualSize(args[0]), matchFactor))
	return &c
}
