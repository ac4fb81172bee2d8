package eligible

import (
	"cmp"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// shapeCheck looks at a rule once its types are known, for what a cost estimate cannot bound, and notes what it uses.
type shapeCheck struct {
	tree  *ast.AST
	zones *zones
	used  uses
}

// uses is what a rule looks at.
type uses struct {
	item, need         bool
	facts              bool // anything at all
	eventTypes, stages []string
	compared           []Comparison
}

func (s *shapeCheck) check() error {
	var first error
	ast.PreOrderVisit(s.tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if first == nil {
			first = s.expr(e)
		}
	}))
	return first
}

func (s *shapeCheck) uses() uses {
	for _, list := range []*[]string{&s.used.eventTypes, &s.used.stages} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	slices.SortFunc(s.used.compared, func(a, b Comparison) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Word, b.Word)) })
	s.used.compared = slices.Compact(s.used.compared)
	return s.used
}

func (s *shapeCheck) expr(e ast.Expr) error {
	t := s.tree.GetType(e.ID())
	if nested(t) {
		return s.at(e, "a list cannot hold lists or maps")
	}
	if t.Kind() == types.DynKind { // which would get around the type check, and around nested
		return s.at(e, "it cannot be told what type this has")
	}
	switch e.Kind() {
	case ast.IdentKind:
		s.note(e.AsIdent())
	case ast.SelectKind:
		s.key(e.AsSelect().Operand(), e.AsSelect().FieldName())
	case ast.CallKind:
		return s.call(e)
	case ast.LiteralKind, ast.ListKind, ast.MapKind, ast.StructKind, ast.ComprehensionKind, ast.UnspecifiedExprKind:
	}
	return nil
}

// nested reports whether t is a list of lists or the like: comparing such values costs more than CEL reckons.
func nested(t *types.Type) bool {
	switch t.Kind() {
	case types.ListKind, types.MapKind:
	default:
		return false
	}
	return slices.ContainsFunc(t.Parameters(), func(p *types.Type) bool {
		return p.Kind() == types.ListKind || p.Kind() == types.MapKind
	})
}

func (s *shapeCheck) call(e ast.Expr) error {
	call := e.AsCall()
	args := call.Args()
	s.note(call.FunctionName())
	switch fn := call.FunctionName(); {
	case s.is(e, overloads.AddList) && !accumulates(call):
		return s.at(e, "lists cannot be joined with +")
	case s.is(e, overloads.AddBytes):
		return s.at(e, "bytes cannot be joined with +")
	case s.is(e, overloads.MatchesString) || s.is(e, overloads.Matches):
		return s.pattern(args[len(args)-1])
	case fn == operators.Index:
		s.key(args[0], literal(args[1]))
	case fn == operators.In:
		s.key(args[1], literal(args[0]))
		s.among(args[0], args[1])
	case fn == operators.Equals || fn == operators.NotEquals:
		s.compare(args[0], args[1])
		s.compare(args[1], args[0])
	case fn == fnCount || fn == fnVisitCount || fn == fnSince:
		s.used.eventTypes = appendSet(s.used.eventTypes, literal(args[0]))
	case fn == fnP:
		s.used.stages = appendSet(s.used.stages, literal(args[0]))
	case len(args) == 1 && strings.HasPrefix(fn, "get") && fn != fnGet:
		return s.zone(args[0])
	}
	return nil
}

// is reports whether e calls the overload.
func (s *shapeCheck) is(e ast.Expr, overload string) bool {
	return slices.Contains(s.tree.GetOverloadIDs(e.ID()), overload)
}

// accumulates tells the + by which the macros filter and map gather their result from one that was written.
func accumulates(call ast.CallExpr) bool {
	first := call.Args()[0]
	return first.Kind() == ast.IdentKind && strings.HasPrefix(first.AsIdent(), "@")
}

// pattern lets through only literals, whose regular expression is bounded and compiled once.
func (s *shapeCheck) pattern(arg ast.Expr) error {
	text := literal(arg)
	if arg.Kind() != ast.LiteralKind {
		return s.at(arg, "the pattern of matches must be a literal text")
	}
	if _, err := compilePattern(text); err != nil {
		return s.at(arg, "%v", err)
	}
	return nil
}

// zone lets through only literals, whose time zone is looked up here and never during evaluation.
func (s *shapeCheck) zone(arg ast.Expr) error {
	if arg.Kind() != ast.LiteralKind {
		return s.at(arg, "the time zone must be a literal text")
	}
	if err := s.zones.load(literal(arg)); err != nil {
		return s.at(arg, "%v", err)
	}
	return nil
}

// key notes an event type that is looked up in visitor.counts.
func (s *shapeCheck) key(in ast.Expr, key string) {
	if in.Kind() == ast.IdentKind && in.AsIdent() == "visitor.counts" {
		s.used.eventTypes = appendSet(s.used.eventTypes, key)
	}
}

// among notes the literal texts of a list in which a name is looked for.
func (s *shapeCheck) among(name, list ast.Expr) {
	if list.Kind() != ast.ListKind {
		return
	}
	for _, e := range list.AsList().Elements() {
		s.compare(name, e)
	}
}

// compare notes a name that is compared with a literal text.
func (s *shapeCheck) compare(name, text ast.Expr) {
	if word := literal(text); word != "" && name.Kind() == ast.IdentKind {
		s.used.compared = append(s.used.compared, Comparison{name.AsIdent(), word})
	}
}

func (s *shapeCheck) note(id string) {
	s.used.facts = s.used.facts || id == nowName || strings.Contains(id, ".")
	s.used.item = s.used.item || strings.HasPrefix(id, "item.")
	s.used.need = s.used.need || strings.HasPrefix(id, "need.")
}

func (s *shapeCheck) at(e ast.Expr, format string, args ...any) *veiviser.Error {
	return at(start(s.tree.SourceInfo(), e), format, args...)
}

// literal is the text of e when it is a literal text, else "".
func literal(e ast.Expr) string {
	if e.Kind() != ast.LiteralKind {
		return ""
	}
	text, _ := e.AsLiteral().(types.String)
	return string(text)
}

func appendSet(set []string, s string) []string {
	if s == "" {
		return set
	}
	return append(set, s)
}
