package eligible

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types/ref"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Bounds on the text of a rule. They hold together with [MaxCost].
const (
	// MaxSource is how many bytes a rule may have.
	MaxSource = 2048
	// MaxDepth is how deep expressions may be nested in each other.
	MaxDepth = 32
	// MaxLoops is how deep all, exists, exists_one, filter and map may be nested in each other.
	MaxLoops = 2
)

// Compiler compiles rules. Making one takes about a millisecond, so one is made and kept; it is safe for concurrent use
// and remembers nothing of the rules but the time zones they name.
type Compiler struct {
	// Tiers are the classes of value that visitor.tier tells, the lowest first. They are set before anything is compiled, and not
	// changed after.
	Tiers []veiviser.Tier

	env     *cel.Env
	names   map[string]func(*activation) ref.Val
	typed   map[string]*cel.Type
	words   []string // names and functions of ours, for suggestions, sorted
	members []string // functions with a receiver, sorted
	zones   *zones
	nothing nothing
	spare   sync.Pool // of *activation
}

// NewCompiler makes a compiler. An error is a defect of the program, not of a rule.
func NewCompiler() (*Compiler, error) {
	c := &Compiler{names: map[string]func(*activation) ref.Val{}, typed: map[string]*cel.Type{}, zones: &zones{}}
	opts := []cel.EnvOption{
		cel.StdLib(cel.StdLibSubset(subset())),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.EnableHiddenAccumulatorName(true),
		cel.ParserRecursionLimit(2 * MaxDepth),
		cel.ParserErrorRecoveryLimit(4),
		cel.ParserExpressionSizeLimit(MaxSource),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(),
			cel.ValidateHomogeneousAggregateLiterals()),
		cel.CostModel(costModels()...),
	}
	for _, n := range names() {
		c.names[n.id], c.typed[n.id] = n.read, n.typ
		c.words = append(c.words, n.id)
		opts = append(opts, cel.Variable(n.id, n.typ))
	}
	env, err := cel.NewCustomEnv(slices.Concat(opts, ownFunctions(), c.zones.accessors())...)
	if err != nil {
		return nil, veiviser.Failed(veiviser.KindInternal, veiviser.ReasonInternal, err, "the rule compiler cannot be made")
	}
	c.env = env
	for fn := range env.Functions() {
		switch {
		case strings.Contains(fn, "."):
			c.words = append(c.words, fn)
		case isWord(fn):
			c.members = append(c.members, fn)
		}
	}
	slices.Sort(c.words)
	slices.Sort(c.members)
	return c, nil
}

// Compile compiles a rule. It refuses, with a [*veiviser.Error] of KindInvalid and INVALID_PLAN, a source that is empty,
// too long or no CEL, that uses names or functions a rule does not have, whose type is not bool, or that could cost more
// than [MaxCost] on some facts. The message says where and what; the one violation holds it with an empty Field, for
// the caller to fill in.
func (c *Compiler) Compile(source string) (*Rule, error) {
	if strings.TrimSpace(source) == "" {
		return nil, invalid("empty rule")
	}
	if len(source) > MaxSource {
		return nil, invalid("the rule is %d bytes long, at most %d are allowed", len(source), MaxSource)
	}
	if !utf8.ValidString(source) {
		return nil, invalid("the rule is not valid UTF-8")
	}
	parsed, issues := c.env.Parse(source)
	if issues.Err() != nil {
		return nil, syntaxError(issues)
	}
	names := nameCheck{c: c, source: []rune(source), info: parsed.NativeRep().SourceInfo()}
	if err := names.check(parsed.NativeRep().Expr()); err != nil {
		return nil, err
	}
	checked, issues := c.env.Check(parsed)
	if issues.Err() != nil {
		return nil, typeError(issues)
	}
	if t := checked.OutputType(); !t.IsExactType(cel.BoolType) {
		return nil, invalid("line 1, column 1: the rule gives %s, but a rule must give true or false", typeName(t.String()))
	}
	shape := shapeCheck{tree: checked.NativeRep(), zones: c.zones}
	if err := shape.check(); err != nil {
		return nil, err
	}
	estimate, err := c.affordable(checked)
	if err != nil {
		return nil, err
	}
	program, err := c.env.Program(checked, programOptions(estimate)...)
	if err != nil {
		return nil, invalid("the rule cannot be prepared: %v", err)
	}
	return &Rule{source: source, program: program, compiler: c, uses: shape.uses(), estimate: estimate}, nil
}

// invalid is the error of a rule that is refused.
func invalid(format string, args ...any) *veiviser.Error {
	return veiviser.Invalid(veiviser.ReasonInvalidPlan, "", format, args...)
}

// at is an error of a rule at a place in it.
func at(where common.Location, format string, args ...any) *veiviser.Error {
	return invalid("line %d, column %d: %s", where.Line(), where.Column()+1, fmt.Sprintf(format, args...))
}

// start is where an expression begins; for a + b, where the operator stands, as is the custom of CEL.
func start(info *ast.SourceInfo, e ast.Expr) common.Location {
	for {
		if e.Kind() == ast.SelectKind {
			e = e.AsSelect().Operand()
		} else if e.Kind() == ast.CallKind && e.AsCall().IsMemberFunction() {
			e = e.AsCall().Target()
		} else {
			break
		}
	}
	if e.Kind() == ast.IdentKind {
		// Once checked, visit.page is one name, but it is still noted where its dot stands.
		if at, ok := info.GetOffsetRange(e.ID()); ok {
			return info.GetLocationByOffset(max(0, at.Start-int32(max(0, strings.IndexByte(e.AsIdent(), '.')))))
		}
	}
	return info.GetStartLocation(e.ID())
}
