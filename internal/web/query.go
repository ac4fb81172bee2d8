package web

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// route is what the contract says of a method and a path: which message a request is, and which field of it the body is, "*" for
// all of them.
type route struct {
	in   protoreflect.MessageDescriptor
	body string
}

// routes are those of the services of the contract, by method and path.
func routes(files ...protoreflect.FileDescriptor) map[string]route {
	all := map[string]route{}
	for _, file := range files {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for k := range methods.Len() {
				m := methods.Get(k)
				rule, ok := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
				if !ok {
					continue
				}
				for _, r := range append(rule.GetAdditionalBindings(), rule) {
					all[pathOf(r)] = route{in: m.Input(), body: r.GetBody()}
				}
			}
		}
	}
	return all
}

// pathOf is the method and the path of a rule.
func pathOf(r *annotations.HttpRule) string {
	switch p := r.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return http.MethodGet + " " + p.Get
	case *annotations.HttpRule_Post:
		return http.MethodPost + " " + p.Post
	case *annotations.HttpRule_Put:
		return http.MethodPut + " " + p.Put
	case *annotations.HttpRule_Patch:
		return http.MethodPatch + " " + p.Patch
	case *annotations.HttpRule_Delete:
		return http.MethodDelete + " " + p.Delete
	default:
		return ""
	}
}

// strict refuses a query with a parameter that the gateway would pass over in silence, with its name where it looks like one.
func strict(all map[string]route) runtime.Middleware {
	return func(next runtime.HandlerFunc) runtime.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
			query, err := url.ParseQuery(r.URL.RawQuery)
			if err != nil {
				refuse(w, codes.InvalidArgument, problem{reason: reasonInvalidField, message: "the query is not properly encoded"})
				return
			}
			pattern, _ := runtime.HTTPPattern(r.Context())
			at := all[r.Method+" "+strings.ReplaceAll(pattern.String(), "=*}", "}")] // a segment, which is written so
			for _, name := range slices.Sorted(maps.Keys(query)) {
				if wrong := at.misplaced(name, params); wrong != "" {
					refuse(w, codes.InvalidArgument, unknownParameter(name, wrong))
					return
				}
			}
			next(w, r, params)
		}
	}
}

// looksLikeName is what the name of a parameter may look like to be told back.
var looksLikeName = regexp.MustCompile(`^[\w.\[\]-]{1,64}$`)

func unknownParameter(name, wrong string) problem {
	if !looksLikeName.MatchString(name) {
		return problem{reason: reasonInvalidField, message: "the query has a parameter that is no field of this request"}
	}
	return invalid(name, wrong)
}

// misplaced says why a parameter of a query sets no field of the request, "" when it sets one. params are the fields that stand in
// the path.
func (at route) misplaced(name string, params map[string]string) string {
	const unknown = "is no field of this request"
	key, keyed := "", false
	if i := strings.LastIndexByte(name, '['); i >= 0 && strings.HasSuffix(name, "]") { // as the gateway reads it
		name, key, keyed = name[:i], name[i+1:len(name)-1], true
	}
	names := strings.Split(name, ".")
	in := at.in
	for i, n := range names {
		if in == nil {
			return unknown
		}
		f := in.Fields().ByTextName(n)
		if f == nil {
			f = in.Fields().ByJSONName(n)
		}
		switch last := i == len(names)-1; {
		case f == nil:
			return unknown
		case i == 0 && (at.body == "*" || at.body == string(f.Name())):
			return "belongs into the body"
		case i == 0 && params[string(f.Name())] != "":
			return "stands in the path"
		case f.IsMap() && (!last || !keyed || key == ""):
			return "has a name of its own for each value: write " + strings.Join(names[:i+1], ".") + "[name]"
		case last && keyed && !f.IsMap(), !last && f.IsList():
			return unknown
		default:
			in = f.Message()
		}
	}
	return ""
}
