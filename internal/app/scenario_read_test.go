package app_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Requests in scenarios are YAML, of which JSON is a part, with the names of the contract. On top of the JSON mapping:
//
//   - a moment is "now" (left out) or an offset from the beginning of the scenario: +5m, -2w, +1d12h; or from now: now+3m;
//   - an enum value goes without its prefix, in any case: kind: offer;
//   - an event is a line: +5m view bike/ebike item=fjord page=/guides/x id=e7 (see eventLine); " ×9" makes nine of it;
//   - a placement is its name, with the number of items behind a colon: product_side:2;
//   - a representation is format, language, channel: card/nb/web;
//   - $decision2.1, $etag1.0 and $page3 stand for what earlier answers said;
//   - "x*129" is a text of 129 times x.

// beginning is the moment that offsets count from, a Monday morning.
var beginning = time.Date(2025, 3, 3, 9, 0, 0, 0, time.UTC)

var offset = regexp.MustCompile(`^([+-])(?:(\d+)w)?(?:(\d+)d)?(.*)$`)

// moment reads an offset from the beginning.
func moment(s string) (time.Time, error) {
	m := offset.FindStringSubmatch(s)
	if m == nil || len(s) == 1 {
		return time.Time{}, fmt.Errorf("%q is no offset like +1d12h", s)
	}
	var d time.Duration
	if m[4] != "" {
		var err error
		if d, err = time.ParseDuration(m[4]); err != nil {
			return time.Time{}, err
		}
	}
	weeks, _ := strconv.Atoi(m[2])
	days, _ := strconv.Atoi(m[3])
	if d += time.Duration(7*weeks+days) * 24 * time.Hour; m[1] == "-" {
		d = -d
	}
	return beginning.Add(d), nil
}

// reader reads requests of one scenario.
type reader struct {
	names  map[string]string // what earlier answers said, by $name
	events int               // those without an id so far
	owner  string            // whose the events are
}

// message reads a request into m.
func (r *reader) message(text string, m proto.Message) error {
	var tree any
	if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
		return err
	}
	if tree == nil {
		return nil
	}
	full, err := r.value(tree, m.ProtoReflect().Descriptor(), nil)
	if err != nil {
		return err
	}
	b, err := json.Marshal(full)
	if err != nil {
		return err
	}
	given := m.ProtoReflect().New().Interface()
	if err := protojson.Unmarshal(b, given); err != nil {
		return err
	}
	proto.Merge(m, given)
	return nil
}

// value writes out what is short in v, which is a message of type d or a value of field f.
func (r *reader) value(v any, d protoreflect.MessageDescriptor, f protoreflect.FieldDescriptor) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if d == nil {
			return v, nil
		}
		out := make(map[string]any, len(v))
		for name, inner := range v {
			field := d.Fields().ByName(protoreflect.Name(name))
			if field == nil {
				return nil, fmt.Errorf("%s has no field %s", d.Name(), name)
			}
			var err error
			if out[name], err = r.field(inner, field); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		return out, nil
	case string:
		return r.text(v, d, f)
	default:
		return v, nil
	}
}

func (r *reader) field(v any, f protoreflect.FieldDescriptor) (any, error) {
	if f.IsMap() {
		return v, nil
	}
	list, ok := v.([]any)
	if !ok {
		return r.value(v, f.Message(), f)
	}
	out := make([]any, 0, len(list))
	for i, inner := range list {
		times := 1
		if line, ok := inner.(string); ok {
			inner, times = many(line)
		}
		for range times {
			full, err := r.value(inner, f.Message(), f)
			if err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
			out = append(out, full)
		}
	}
	return out, nil
}

// many reads "… ×1001" at the end of an event.
func many(line string) (once string, times int) {
	once, n, ok := strings.Cut(line, " ×")
	if times, err := strconv.Atoi(n); ok && err == nil {
		return once, times
	}
	return line, 1
}

// text writes out a short text.
func (r *reader) text(s string, d protoreflect.MessageDescriptor, f protoreflect.FieldDescriptor) (any, error) {
	switch {
	case d != nil && d.Name() == "Event":
		return r.eventLine(s)
	case d != nil && d.Name() == "PlacementRequest":
		name, slots, _ := strings.Cut(s, ":")
		out := map[string]any{"placement": name}
		if slots != "" {
			n, err := strconv.Atoi(slots)
			out["max_items"] = n
			return out, err
		}
		return out, nil
	case d != nil && d.Name() == "Representation":
		parts := append(strings.Split(s, "/"), "", "")
		out := map[string]any{"format": parts[0], "language": parts[1], "title": "Om " + parts[0]}
		if parts[2] != "" {
			out["channels"] = []any{parts[2]}
		}
		return out, nil
	case d != nil && d.Name() == "Timestamp":
		if s == "now" {
			return nil, nil
		}
		if ahead, ok := strings.CutPrefix(s, "now"); ok {
			d, err := time.ParseDuration(ahead)
			return time.Now().Add(d).UTC().Format(time.RFC3339Nano), err
		}
		if s[0] != '+' && s[0] != '-' {
			return s, nil
		}
		t, err := moment(s)
		return t.Format(time.RFC3339Nano), err
	case f != nil && f.Enum() != nil:
		return enumName(f.Enum(), s), nil
	default:
		return r.plain(s)
	}
}

// enumName is the full name of an enum value; what is none stays as it is.
func enumName(d protoreflect.EnumDescriptor, s string) string {
	for i := range d.Values().Len() {
		if name := string(d.Values().Get(i).Name()); strings.HasSuffix(name, "_"+strings.ToUpper(s)) {
			return name
		}
	}
	return s
}

var repeated = regexp.MustCompile(`^(.+)\*(\d{2,7})$`)

// plain replaces a $name and repeats x*129.
func (r *reader) plain(s string) (string, error) {
	if strings.HasPrefix(s, "$") {
		v, ok := r.names[s]
		if !ok {
			return "", fmt.Errorf("nothing answered so far is called %s", s)
		}
		return v, nil
	}
	if m := repeated.FindStringSubmatch(s); m != nil {
		n, err := strconv.Atoi(m[2])
		return strings.Repeat(m[1], n), err
	}
	return s, nil
}

// eventKeys are what stands before the "=" in an event line, and the field it means; others are attributes.
var eventKeys = map[string]string{
	"id": "event_id", "item": "item_id", "decision": "decision_id", "channel": "channel", "value": "value",
	"visitor": "visitor_id", "subject": "subject",
}

// eventLine reads "+5m view bike/ebike item=fjord query='hva passer' visitor.country=NO": when, what, about what, and
// the rest by name. Without an id it gets the next of e1, e2, …; without a visitor it is the step's.
func (r *reader) eventLine(line string) (map[string]any, error) {
	words, err := fields(line)
	if err != nil {
		return nil, err
	}
	e := map[string]any{}
	attributes := map[string]any{}
	if r.owner != "" {
		e["visitor_id"] = r.owner
	}
	var bare []string
	for _, w := range words {
		name, value, named := strings.Cut(w, "=")
		if !named {
			bare = append(bare, w)
			continue
		}
		if value, err = r.plain(value); err != nil {
			return nil, err
		}
		if field, ok := eventKeys[name]; ok {
			e[field] = value
		} else {
			attributes[name] = value
		}
	}
	if len(bare) < 2 || len(bare) > 3 {
		return nil, fmt.Errorf("an event is a moment, a type and perhaps a subject, then name=value: %q", line)
	}
	if bare[0] != "now" {
		t, err := moment(bare[0])
		if err != nil {
			return nil, err
		}
		e["time"] = t.Format(time.RFC3339Nano)
	}
	if e["type"], err = r.plain(bare[1]); err != nil {
		return nil, err
	}
	if len(bare) == 3 {
		if e["subject"], err = r.plain(bare[2]); err != nil {
			return nil, err
		}
	}
	if _, ok := e["event_id"]; !ok {
		r.events++
		e["event_id"] = "e" + strconv.Itoa(r.events)
	}
	if len(attributes) > 0 {
		e["attributes"] = attributes
	}
	return e, nil
}

// fields splits at spaces outside of quotes '…', which are taken away after a "=".
func fields(line string) ([]string, error) {
	var out []string
	var word strings.Builder
	quoted, some := false, false
	for _, c := range line {
		switch {
		case c == '\'':
			quoted, some = !quoted, true
		case c == ' ' && !quoted:
			if some {
				out = append(out, word.String())
			}
			word.Reset()
			some = false
		default:
			word.WriteRune(c)
			some = true
		}
	}
	if quoted {
		return nil, fmt.Errorf("a quote is not closed: %q", line)
	}
	if some {
		out = append(out, word.String())
	}
	return out, nil
}
