package eligible

import (
	"errors"
	"fmt"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Facts is what a rule is evaluated over. Evaluation reads it in place and changes nothing.
type Facts struct {
	// Visitor is nil when nothing is known of her.
	Visitor *veiviser.Visitor
	// Context is nil when the request brought none.
	Context *veiviser.Context
	// Source is where the context says that she comes from; it counts while it is not remembered where she came from first.
	Source string
	// Need is nil when there is none, Item when the rule is not evaluated for an item.
	Need *veiviser.NeedView
	Item *veiviser.Item
	Now  time.Time
}

// Rule is a compiled rule, immutable and safe for concurrent use.
type Rule struct {
	source   string
	program  cel.Program
	compiler *Compiler
	uses     uses
	estimate uint64
}

// Source is the text the rule was compiled from.
func (r *Rule) Source() string { return r.source }

// UsesItem reports whether the rule looks at the item. One that does not has the same verdict for every item of a
// request and need be evaluated only once.
func (r *Rule) UsesItem() bool { return r.uses.item }

// UsesNeed reports whether the rule looks at the need. One that does not has the same verdict for every need.
func (r *Rule) UsesNeed() bool { return r.uses.need }

// EventTypes are the event types that the rule names in visitor.count, visitor.since, visit.count and visitor.counts,
// sorted. A plan that declares none of these has a rule with a slip of the pen in it: the count would always be 0.
func (r *Rule) EventTypes() []string { return r.uses.eventTypes }

// Stages are the stages that the rule names in need.p, sorted.
func (r *Rule) Stages() []string { return r.uses.stages }

// Comparison is a name that a rule compares with a literal text: visitor.rung == 'friend', or need.audience in ['press'].
type Comparison struct{ Name, Word string }

// Comparisons are those of the rule by ==, != and in, sorted. The names of loops may be among them.
func (r *Rule) Comparisons() []Comparison { return r.uses.compared }

// Constant reports whether the rule looks at nothing, so that its verdict is always the same; one that fails does not hold.
func (r *Rule) Constant() (verdict, constant bool) {
	if r.uses.facts {
		return false, false
	}
	verdict, err := r.Eval(&Facts{})
	return verdict && err == nil, true
}

// Cost is the most the rule can cost on any facts, in CEL's units, at most [MaxCost].
func (r *Rule) Cost() uint64 { return r.estimate }

// Eval gives the verdict of the rule on the facts.
//
// An error says that there is none, because a map lacks a key that was asked for, a number overflowed or a text was not
// a number; it is for a person to read, and the item is not eligible. The same facts always give the same verdict. It
// ends within 5 ms and 1 MB whatever the rule and the facts; a common rule takes about a microsecond.
func (r *Rule) Eval(f *Facts) (bool, error) {
	a := r.compiler.activation(f)
	out, _, err := r.program.Eval(a)
	r.compiler.release(a)
	if err != nil {
		return false, fmt.Errorf("rule %q: %w", shorten(r.source), err)
	}
	verdict, ok := out.(types.Bool)
	if !ok {
		return false, errNoVerdict
	}
	return bool(verdict), nil
}

// errNoVerdict cannot happen: the compiler lets only rules through whose type is bool.
var errNoVerdict = errors.New("eligible: the rule gave no verdict")

// shorten keeps an error text readable.
func shorten(source string) string {
	if len(source) <= 80 {
		return source
	}
	return clipTo(source, 77) + "..."
}

// activation is how cel-go asks for the facts.
type activation struct {
	visitor *veiviser.Visitor
	context *veiviser.Context
	source  string
	need    *veiviser.NeedView
	item    *veiviser.Item
	now     time.Time
	hasItem bool
	tiers   []veiviser.Tier
	// topics and stages of the item, once they were asked for
	topics, stages ref.Val
	names          map[string]func(*activation) ref.Val
	functions      map[string]functions.LateBoundOp
}

// nothing stands in for what the facts leave out. It is never written.
type nothing struct {
	visitor veiviser.Visitor
	context veiviser.Context
	need    veiviser.NeedView
	item    veiviser.Item
}

// activation takes a spare one, or makes one; it is given back with release.
func (c *Compiler) activation(f *Facts) *activation {
	a, ok := c.spare.Get().(*activation)
	if !ok {
		a = &activation{names: c.names}
		a.bind()
	}
	a.visitor, a.context, a.need, a.item = f.Visitor, f.Context, f.Need, f.Item
	a.source, a.now, a.hasItem, a.tiers = f.Source, f.Now, f.Item != nil, c.Tiers
	if a.visitor == nil {
		a.visitor = &c.nothing.visitor
	}
	if a.context == nil {
		a.context = &c.nothing.context
	}
	if a.need == nil {
		a.need = &c.nothing.need
	}
	if a.item == nil {
		a.item = &c.nothing.item
	}
	return a
}

// release gives an activation back that nobody looks into any more.
func (c *Compiler) release(a *activation) {
	*a = activation{names: a.names, functions: a.functions}
	c.spare.Put(a)
}

// ResolveName gives cel-go the value of a name.
func (a *activation) ResolveName(id string) (any, bool) {
	read, ok := a.names[id]
	if !ok {
		return nil, false
	}
	return read(a), true
}

// Parent is none: all names are at one level.
func (a *activation) Parent() cel.Activation { return nil }
