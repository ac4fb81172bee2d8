package eligible

import (
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// syntaxError is the first thing the parser stumbled over.
func syntaxError(issues *cel.Issues) *veiviser.Error {
	first := issues.Errors()[0]
	msg := strings.TrimPrefix(first.Message, "Syntax error: ")
	if i := strings.Index(msg, " expecting "); i > 0 {
		msg = msg[:i]
	}
	switch {
	case strings.Contains(msg, "recursion"):
		msg = "the rule is nested too deep"
	case strings.Contains(msg, "'<EOF>'"):
		msg = "syntax error: the rule ends too early"
	default:
		msg = "syntax error: " + msg
	}
	return place(first.Location, msg)
}

// typeError is the first thing the type check refused.
func typeError(issues *cel.Issues) *veiviser.Error {
	first := issues.Errors()[0]
	msg := first.Message
	if fn, args, ok := cutOverload(msg); ok {
		msg = operatorName(fn) + " cannot be used with " + typeName(args)
		if strings.Contains(args, "double") && strings.Contains(args, "int") {
			msg += "; write a whole number as 2.0 beside a decimal one, or convert with double() or int()"
		}
	}
	return place(first.Location, msg)
}

// cutOverload takes "found no matching overload for '_+_' applied to '(double, int)'" apart.
func cutOverload(msg string) (fn, args string, ok bool) {
	rest, ok := strings.CutPrefix(msg, "found no matching overload for '")
	if !ok {
		return "", "", false
	}
	fn, rest, ok = strings.Cut(rest, "' applied to '")
	args = strings.TrimSuffix(rest, "'")
	if target, rest, member := strings.Cut(args, ".("); member {
		args = "(" + strings.TrimSuffix(target+", "+strings.TrimSuffix(rest, ")"), ", ") + ")"
	}
	return fn, args, ok
}

// operatorName is how an operator or function is written: "_+_" is +.
func operatorName(fn string) string {
	switch fn {
	case "@in":
		fn = "in"
	case "_?_:_":
		fn = "?:"
	case "_[_]":
		fn = "[]"
	default:
		fn = strings.Trim(fn, "_")
	}
	return `"` + fn + `"`
}

// typeName renders types as the author of a rule knows them.
func typeName(t string) string {
	return strings.NewReplacer("google.protobuf.Timestamp", "timestamp", "google.protobuf.Duration", "duration").Replace(t)
}

func place(where common.Location, msg string) *veiviser.Error {
	if where == nil || where.Line() < 1 || where.Column() < 0 {
		return invalid("%s", msg)
	}
	return at(where, "%s", msg)
}

// suggest is `, did you mean "…"?` with the known word most like the unknown one; else what the root has, or "".
func (c *Compiler) suggest(unknown string) string {
	root, field, dotted := strings.Cut(unknown, ".")
	if !dotted {
		root, field = "", unknown
	}
	best, least := "", min(max(1, len(field)/3), 3)+1
	for _, w := range slices.Concat(c.members, c.words) {
		r, f, _ := strings.Cut(w, ".")
		switch d := distance(unknown, w); {
		case root == "" && f == field: // she forgot the root
			return `, did you mean "` + w + `"?`
		case d < least && (root == "" || f != "" && r == root):
			best, least = w, d
		}
	}
	switch {
	case best != "":
		return `, did you mean "` + best + `"?`
	case unknown == "visitor.id":
		return ", a rule does not see who the visitor is"
	}
	return c.offer(root)
}

// offer lists the fields of a root.
func (c *Compiler) offer(root string) string {
	var fields []string
	for _, w := range c.words {
		if field, ok := strings.CutPrefix(w, root+"."); ok {
			fields = append(fields, field)
		}
	}
	if len(fields) == 0 {
		return ""
	}
	return "; " + root + " has " + strings.Join(slices.Compact(fields), ", ")
}

// example is one name under a root.
func (c *Compiler) example(root string) string {
	for _, w := range c.words {
		if strings.HasPrefix(w, root+".") && c.typed[w] != nil {
			return w
		}
	}
	return root + ".…"
}

// distance is the number of letters to insert, delete, replace or swap with their neighbour to get from a to b.
func distance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			same := 1
			if a[i-1] == b[j-1] {
				same = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+same)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
