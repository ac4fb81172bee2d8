package eligible

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
)

// nameCheck looks at a rule as it was parsed: is every name and function known, and is the nesting bounded? The type
// check of CEL would find the unknown, too, but could not say what was meant.
type nameCheck struct {
	c      *Compiler
	source []rune
	info   *ast.SourceInfo
	scope  []string // loop variables, innermost last
}

func (n *nameCheck) check(e ast.Expr) error { return n.expr(e, 1, 0) }

func (n *nameCheck) expr(e ast.Expr, depth, loops int) error {
	if depth > MaxDepth {
		return at(start(n.info, e), "the rule is nested more than %d deep", MaxDepth)
	}
	switch e.Kind() {
	case ast.IdentKind:
		return n.ident(e)
	case ast.SelectKind:
		return n.selected(e, depth, loops)
	case ast.CallKind:
		return n.call(e, depth, loops)
	case ast.ListKind:
		return n.all(e.AsList().Elements(), depth, loops)
	case ast.MapKind, ast.StructKind:
		return at(start(n.info, e), "a rule cannot build maps or messages with {}")
	case ast.ComprehensionKind:
		return n.loop(e, depth, loops)
	case ast.LiteralKind, ast.UnspecifiedExprKind:
	}
	return nil
}

func (n *nameCheck) all(exprs []ast.Expr, depth, loops int) error {
	for _, e := range exprs {
		if err := n.expr(e, depth+1, loops); err != nil {
			return err
		}
	}
	return nil
}

func (n *nameCheck) ident(e ast.Expr) error {
	id := e.AsIdent()
	if n.local(id) || n.c.typed[id] != nil {
		return nil
	}
	if slices.Contains(roots(), id) {
		return at(start(n.info, e), "%q cannot stand alone, write %s", id, n.c.example(id))
	}
	return at(start(n.info, e), "unknown name %q%s", id, n.c.suggest(id))
}

// local reports whether id is a loop variable or the accumulator of a macro, which no source can spell.
func (n *nameCheck) local(id string) bool {
	return strings.HasPrefix(id, "@") || slices.Contains(n.scope, id)
}

// root is the name of e when it is one of the roots.
func (n *nameCheck) root(e ast.Expr) (string, bool) {
	if e.Kind() != ast.IdentKind {
		return "", false
	}
	id := e.AsIdent()
	return id, slices.Contains(roots(), id) && !n.local(id)
}

func (n *nameCheck) selected(e ast.Expr, depth, loops int) error {
	sel := e.AsSelect()
	root, ok := n.root(sel.Operand())
	if !ok {
		return n.expr(sel.Operand(), depth+1, loops)
	}
	id := root + "." + sel.FieldName()
	switch {
	case n.c.typed[id] == nil:
		return at(start(n.info, sel.Operand()), "unknown name %q%s", id, n.c.suggest(id))
	case sel.IsTestOnly():
		return at(start(n.info, sel.Operand()), "has(%s) is always true; has() is for keys, as in has(visitor.attributes.country)", id)
	}
	return nil
}

func (n *nameCheck) call(e ast.Expr, depth, loops int) error {
	call := e.AsCall()
	fn := call.FunctionName()
	if !call.IsMemberFunction() {
		if isWord(fn) && !slices.Contains(n.c.members, fn) {
			return at(n.word(e, fn), "unknown function %q%s", fn, n.c.suggest(fn))
		}
		return n.all(call.Args(), depth, loops)
	}
	if root, ok := n.root(call.Target()); ok {
		if id := root + "." + fn; !slices.Contains(n.c.words, id) || n.c.typed[id] != nil {
			return at(start(n.info, call.Target()), "unknown function %q%s", id, n.c.suggest(id))
		}
		return n.all(call.Args(), depth, loops)
	}
	if !slices.Contains(n.c.members, fn) {
		return at(n.word(e, fn), "unknown function %q%s", fn, n.c.suggest(fn))
	}
	if err := n.expr(call.Target(), depth+1, loops); err != nil {
		return err
	}
	return n.all(call.Args(), depth, loops)
}

func (n *nameCheck) loop(e ast.Expr, depth, loops int) error {
	loop := e.AsComprehension()
	where := start(n.info, e)
	if loops == MaxLoops {
		return at(where, "loops (all, exists, exists_one, filter, map) are nested more than %d deep", MaxLoops)
	}
	if err := n.variable(loop.IterVar(), where); err != nil {
		return err
	}
	if err := n.all([]ast.Expr{loop.IterRange(), loop.AccuInit()}, depth, loops); err != nil {
		return err
	}
	n.scope = append(n.scope, loop.IterVar())
	err := n.all([]ast.Expr{loop.LoopCondition(), loop.LoopStep(), loop.Result()}, depth, loops+1)
	n.scope = n.scope[:len(n.scope)-1]
	return err
}

// variable refuses a loop variable that would hide a name.
func (n *nameCheck) variable(id string, where common.Location) error {
	if slices.Contains(roots(), id) || n.c.typed[id] != nil {
		return at(where, "a loop variable cannot be called %q", id)
	}
	return nil
}

// word is where the name of the function that e calls begins; the parser remembers only the parenthesis behind it.
func (n *nameCheck) word(e ast.Expr, fn string) common.Location {
	at, _ := n.info.GetOffsetRange(e.ID())
	if from := int(at.Start) - len(fn); from >= 0 && int(at.Start) <= len(n.source) && string(n.source[from:at.Start]) == fn {
		return n.info.GetLocationByOffset(int32(from))
	}
	return start(n.info, e)
}

// isWord tells a function that is written as a word from an operator and from what macros use inside.
func isWord(fn string) bool {
	return fn != "" && (fn[0] >= 'a' && fn[0] <= 'z' || fn[0] >= 'A' && fn[0] <= 'Z')
}
