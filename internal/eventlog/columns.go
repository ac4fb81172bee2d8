package eventlog

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// columns is where the fields stand in a record of CSV.
type columns struct {
	index      map[string]int
	constant   map[string]string
	attributes []string
}

// columns finds the fields in a header.
func (o *Options) columns(header []string) (*columns, error) {
	at := make(map[string]int, len(header))
	for i, name := range header {
		name = strings.TrimSpace(name)
		if _, twice := at[name]; twice && name != "" {
			return nil, fmt.Errorf("the header has the column %q twice", clip(name))
		}
		at[name] = i
	}
	c := &columns{index: make(map[string]int), constant: make(map[string]string)}
	for _, field := range fields() {
		if i, ok := at[field]; ok {
			c.index[field] = i
		}
	}
	for name, i := range at {
		if a, ok := strings.CutPrefix(name, FieldAttribute); ok && a != "" {
			c.index[name] = i
		}
	}
	for field, column := range o.Columns {
		if value, ok := strings.CutPrefix(column, "="); ok {
			delete(c.index, field)
			c.constant[field] = value
			continue
		}
		i, ok := at[column]
		if !ok {
			return nil, fmt.Errorf("the header has no column %q, which is mapped to %s; it has %s", clip(column), field, strings.Join(header, ", "))
		}
		c.index[field] = i
	}
	for _, field := range []string{FieldVisitor, FieldType, FieldTime} {
		_, mapped := c.index[field]
		if _, constant := c.constant[field]; !mapped && !constant {
			return nil, fmt.Errorf("no column is mapped to %s; the header has %s", field, strings.Join(header, ", "))
		}
	}
	c.attributes = attributeNames(maps.Keys(c.index), maps.Keys(c.constant))
	return c, nil
}

// get finds fields in a record.
func (c *columns) get(record []string) func(string) string {
	return func(field string) string {
		if i, ok := c.index[field]; ok {
			return strings.TrimSpace(strings.Clone(record[i])) // the record is used again
		}
		return c.constant[field]
	}
}

// attributeNames picks the names of attributes out of fields, in order.
func attributeNames(lists ...func(yield func(string) bool)) []string {
	var out []string
	for _, list := range lists {
		for field := range list {
			if a, ok := strings.CutPrefix(field, FieldAttribute); ok {
				out = append(out, a)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// keys finds fields in a JSON object: under their mapped key, else under their name in snake or lowerCamel case.
func (o *Options) keys(object map[string]any) func(string) string {
	return func(field string) string {
		if column, ok := o.Columns[field]; ok {
			if value, ok := strings.CutPrefix(column, "="); ok {
				return value
			}
			return lookUp(object, column)
		}
		if v := lookUp(object, field); v != "" {
			return v
		}
		return lookUp(object, camel(field))
	}
}

// attributes names the attributes that an object has.
func (o *Options) attributes(object map[string]any) []string {
	own, _ := object[strings.TrimSuffix(FieldAttribute, ".")].(map[string]any)
	named := make(map[string]bool, len(own))
	for k := range own {
		named[FieldAttribute+k] = true
	}
	return attributeNames(maps.Keys(o.Columns), maps.Keys(named))
}

// lookUp gives the text of the value at a path of keys; "" when there is none.
func lookUp(object map[string]any, path string) string {
	v, ok := object[path]
	for !ok {
		head, tail, more := strings.Cut(path, ".")
		inner, isObject := object[head].(map[string]any)
		if !more || !isObject {
			return ""
		}
		object, path = inner, tail
		v, ok = object[path]
	}
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return "" // null, lists and objects say nothing in one word
}

// camel is a field name as JSON has it: visitor_id is visitorId.
func camel(field string) string {
	parts := strings.Split(field, "_")
	for i, p := range parts[1:] {
		if p != "" {
			parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "")
}
