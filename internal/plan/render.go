package plan

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// maxRendering is how many bytes a rendering has at most.
const maxRendering = 120

// render writes a value in a few words, for a person.
func render(v reflect.Value) string { return cut(write(v, 0)) }

// cut keeps a text short, and on one line.
func cut(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "�")), " ")
	if len(s) <= maxRendering {
		return s
	}
	s = s[:maxRendering-len("…")]
	for len(s) > 0 {
		if r, n := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || n > 1 {
			break
		}
		s = s[:len(s)-1]
	}
	return s + "…"
}

// write renders a value at a depth. It stops when the text is long enough for what is kept of it.
func write(v reflect.Value, depth int) string {
	if depth > 4 {
		return "…"
	}
	switch x := v.Interface().(type) {
	case time.Time:
		return x.UTC().Format(time.RFC3339)
	case time.Duration:
		return x.String()
	case veiviser.Forecast:
		return summary(&x)
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return ""
		}
		return write(v.Elem(), depth)
	case reflect.String:
		return v.String()
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case reflect.Slice:
		return list(v.Len(), func(i int) string { return write(v.Index(i), depth+1) })
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		return list(len(keys), func(i int) string { return keys[i].String() + "=" + write(v.MapIndex(keys[i]), depth+1) })
	case reflect.Struct:
		return fields(v, depth)
	default:
		return fmt.Sprint(v.Interface())
	}
}

// list joins elements until they are long enough.
func list(n int, element func(int) string) string {
	var b strings.Builder
	for i := range n {
		if b.Len() > 2*maxRendering {
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(element(i))
	}
	return b.String()
}

// fields writes the fields of a struct that are set.
func fields(v reflect.Value, depth int) string {
	var set []int
	for i := range v.NumField() {
		if fieldName(v.Type(), i) != "" && !empty(v.Field(i)) {
			set = append(set, i)
		}
	}
	text := list(len(set), func(i int) string {
		return fieldName(v.Type(), set[i]) + ": " + write(v.Field(set[i]), depth+1)
	})
	if depth == 0 {
		return text
	}
	return "{" + text + "}"
}
