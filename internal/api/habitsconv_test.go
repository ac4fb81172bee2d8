package api

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// An export holds all that is remembered of what somebody did: whatever is in her record is found there.
func TestExportIsWhole(t *testing.T) {
	v := &veiviser.Visitor{}
	p := &plants{t: t, words: map[string]string{}}
	for i, f := range reflect.VisibleFields(reflect.TypeFor[veiviser.Visitor]()) {
		if f.Name != "Needs" && f.Name != "Standing" { // shown as they are at the moment of asking, and tested with what shows them
			p.plant(reflect.ValueOf(v).Elem().Field(i), f.Name)
		}
	}
	s := serve(t, Options{})
	s.fake.export = func(context.Context, string) (*decide.Portrait, []veiviser.Answer, error) {
		return &decide.Portrait{Visitor: *v, Segments: v.Segments}, nil, nil
	}
	out, err := s.visits().ExportVisitor(t.Context(), &veiviserv1.ExportVisitorRequest{VisitorId: "v"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := protojson.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.words) < 200 {
		t.Errorf("only %d values were planted", len(p.words))
	}
	for field, word := range p.words {
		if !strings.Contains(string(text), word) {
			t.Errorf("%s is not exported: %s", field, word)
		}
	}
}

// plants fills values with what is found nowhere else, and remembers by field how it reads.
type plants struct {
	t     *testing.T
	words map[string]string
}

func (p *plants) plant(v reflect.Value, field string) {
	p.t.Helper()
	n := 100_000 + len(p.words)
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Unix(1_700_000_000+int64(n), 0).UTC()
		p.words[field] = x.Format(time.RFC3339)
		return
	case *time.Duration:
		*x = time.Duration(n) * time.Second
		p.words[field] = fmt.Sprintf("%ds", n)
		return
	case *veiviser.Acts:
		*x = veiviser.ActOf("too_late")
		p.words[field] = "too_late"
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("word-", n))
		p.words[field] = v.String()
	case reflect.Uint32:
		v.SetUint(uint64(n))
		p.words[field] = fmt.Sprint(n)
	case reflect.Float64:
		v.SetFloat(float64(n) + 0.5)
		p.words[field] = fmt.Sprintf("%d.5", n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		p.plant(v.Index(0), field+"[0]")
	case reflect.Array:
		for i := range v.Len() {
			p.plant(v.Index(i), fmt.Sprintf("%s[%d]", field, i))
		}
	case reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		p.plant(value, field+"[]")
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key"), value)
	case reflect.Struct:
		for i := range v.NumField() {
			p.plant(v.Field(i), field+"."+v.Type().Field(i).Name)
		}
	default:
		p.t.Fatalf("%s is a %s, which this test does not know", field, v.Kind())
	}
}
