package app_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/internal/app"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// Beside the steps that are one call there are:
//
//	call VisitService.SetDirective   any RPC
//	stream kari                      events, one by one
//	watch kari                       begins to watch and waits for the first answer; one at a time
//	next                             waits for the next answer
//	wait 2s                          lets time go by
//	bundle                           one of the plans that come with the service, by its name, is the plan
//	plan.yaml, patch, without        say what the plan is: a whole one, changes to it, what to take out of it ("items/x").
//	                                 Before the first call it is what the server starts with, later what the steps
//	                                 publish and validate send.
//
// silent are those without an answer.
func silent(name string) bool {
	return name == "bundle" || name == "plan.yaml" || name == "patch" || name == "without" || strings.HasPrefix(name, waits)
}

// waits is what the name of a step that waits begins with.
const waits = "wait "

// shows are the flags, see show.
var shows = flags{"texts": true, "evidence": true, "full": true, "why": true, "ids": true, "needs": true, "changes": true, "worth": true, "forecast": true}

// patience is how long what happens in the background may take.
const patience = 10 * time.Second

// story is one telling of a scenario.
type story struct {
	t       *testing.T
	archive *txtar.Archive
	plan    *veiviserv1.Plan // as patched so far
	own     bool             // it is not the sample plan
	server  *app.App
	caller  caller
	reader  reader
	count   map[string]int // answers so far, by what they name
	next    func() (proto.Message, error, bool)
	step    string
	wrong   []string // what is wrong with the answers so far
}

func newStory(t *testing.T, archive *txtar.Archive) *story {
	t.Helper()
	return &story{
		t: t, archive: archive, plan: samplePlan(t), reader: reader{names: map[string]string{}}, count: map[string]int{},
	}
}

// start starts a server with the plan that the scenario begins with.
func (s *story) start(url string) {
	s.t.Helper()
	cfg := settings(url)
	cfg.StoreTimeout = 5 * time.Second // a story is not about a busy machine
	cfg.PlanOnly = true                // nor about when the learner looked
	for _, f := range s.archive.Files {
		if !silent(f.Name) {
			break
		}
		s.edit(f)
	}
	if s.own {
		cfg.Plan = planFolder(s.t, s.plan)
	}
	s.server = startServer(s.t, cfg)
}

// tell tells the story and hands over every step that has an answer, what it answered and what it should.
func (s *story) tell(compare func(i int, got, want string)) {
	s.t.Helper()
	begun := false
	for i, f := range s.archive.Files {
		s.step = fmt.Sprintf("step %d (%s)", i, f.Name)
		switch {
		case f.Name == "want":
			continue
		case silent(f.Name):
			if span, ok := strings.CutPrefix(f.Name, waits); ok {
				s.wait(span)
			} else if begun {
				s.edit(f)
			}
			compare(i, "", "")
			continue
		}
		begun = true
		want := ""
		if i+1 < len(s.archive.Files) && s.archive.Files[i+1].Name == "want" {
			want = string(s.archive.Files[i+1].Data)
		}
		words := strings.Fields(f.Name)
		got := s.do(words[0], words[1:], string(f.Data))
		if counted(words[0]) || words[0] == "dryrun" {
			got = s.settle(got, want, func() string { return s.do(words[0], words[1:], string(f.Data)) })
		}
		if got == unanswerable {
			got = want
		}
		compare(i, got, want)
	}
}

// unanswerable is the answer of a way of calling that has no means to make this call.
const unanswerable = "(no way)"

// settle asks again until the answer is the one wanted or time is up. When answers are written anew it waits for what
// is counted in the background.
func (s *story) settle(got, want string, again func() string) string {
	if *update && want != got {
		time.Sleep(2 * time.Second)
		return again()
	}
	for end := time.Now().Add(patience); got != want && len(s.wrong) == 0 && time.Now().Before(end); got = again() {
		time.Sleep(50 * time.Millisecond)
	}
	return got
}

// wait lets time go by.
func (s *story) wait(span string) {
	s.t.Helper()
	d, err := time.ParseDuration(span)
	if err != nil {
		s.t.Fatalf("%s: %v", s.step, err)
	}
	time.Sleep(d)
}

// edit changes the plan.
func (s *story) edit(f txtar.File) {
	s.t.Helper()
	s.own = true
	switch f.Name {
	case "bundle":
		s.plan = bundledPlan(s.t, strings.TrimSpace(string(f.Data)))
	case "plan.yaml":
		s.plan = readPlan(s.t, f.Data)
	case "patch":
		patch(s.plan.ProtoReflect(), readPlan(s.t, f.Data).ProtoReflect())
	case "without":
		without(s.t, s.plan, string(f.Data))
	}
}

// tick lets the next millisecond begin. That is how finely the service tells times apart, and a story is told in order: what
// strangers did one after the other is in no order of its own when they turn out to be one person.
func tick() {
	now := time.Now()
	time.Sleep(now.Truncate(time.Millisecond).Add(time.Millisecond).Sub(now))
}

// do makes one step and shows its answer.
func (s *story) do(kind string, args []string, body string) string {
	s.t.Helper()
	tick()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	switch kind {
	case "watch":
		return s.watch(args, body)
	case "next":
		return s.more(args)
	case "stream":
		req := s.request("VisitService", "RecordEvents", nil, args, body).(*veiviserv1.RecordEventsRequest)
		results, err := s.caller.events(ctx, req.GetEvents())
		if err != nil {
			return failure(err)
		}
		return show(&veiviserv1.RecordEventsResponse{Results: results}, nil)
	case "call":
		service, rpc, _ := strings.Cut(args[0], ".")
		return s.invoke(ctx, service, rpc, s.request(service, rpc, nil, args[1:], body), args)
	}
	k, ok := steps[kind]
	if !ok {
		s.t.Fatalf("%s: there is no such step", s.step)
	}
	return s.invoke(ctx, k.service, k.rpc, s.request(k.service, k.rpc, k.fields, args, body), args)
}

func (s *story) invoke(ctx context.Context, service, rpc string, in proto.Message, args []string) string {
	s.t.Helper()
	out, err := s.caller.call(ctx, method(s.t, service, rpc), in)
	if errors.Is(err, errNoWay) {
		return unanswerable
	}
	if err != nil {
		return failure(err)
	}
	s.keep(in, out)
	return show(out, flagsOf(args))
}

// request makes the request of a step.
func (s *story) request(service, rpc string, fields, args []string, body string) proto.Message {
	s.t.Helper()
	in := fresh(method(s.t, service, rpc).Input())
	m := in.ProtoReflect()
	set := func(name, value string) {
		value, err := s.reader.plain(value)
		if err != nil {
			s.t.Fatalf("%s: %v", s.step, err)
		}
		f := m.Descriptor().Fields().ByName(protoreflect.Name(name))
		switch {
		case f == nil:
			s.t.Fatalf("%s: %s has no field %s", s.step, m.Descriptor().Name(), name)
		case f.IsList():
			m.Mutable(f).List().Append(protoreflect.ValueOfString(value))
		default:
			m.Set(f, protoreflect.ValueOfString(value))
		}
	}
	s.reader.owner = ""
	for _, word := range args {
		name, value, named := strings.Cut(word, "=")
		switch {
		case shows[word]:
		case word[0] == '+' || word[0] == '-':
			at, err := moment(word)
			if err != nil {
				s.t.Fatalf("%s: %v", s.step, err)
			}
			m.Set(m.Descriptor().Fields().ByName("time"), protoreflect.ValueOfMessage(timestamppb.New(at).ProtoReflect()))
		case named:
			set(name, value)
		case rpc == "RecordEvents":
			s.reader.owner = word
		case len(fields) == 0:
			s.t.Fatalf("%s: what is %q?", s.step, word)
		default:
			set(fields[0], word)
			if len(fields) > 1 {
				fields = fields[1:]
			}
		}
	}
	s.fill(in, body)
	if err := s.reader.message(listed(in, body), in); err != nil {
		s.t.Fatalf("%s: %v", s.step, err)
	}
	return in
}

// fill sets what scenarios leave out: no exploration, and the plan to publish or validate.
func (s *story) fill(in proto.Message, body string) {
	switch in := in.(type) {
	case *veiviserv1.RecommendRequest:
		if !strings.Contains(body, "exploration:") {
			in.Exploration = veiviserv1.Exploration_EXPLORATION_OFF
		}
	case *veiviserv1.WatchRecommendationsRequest:
		in.Exploration = veiviserv1.Exploration_EXPLORATION_OFF
	case *veiviserv1.PublishPlanRequest:
		in.Plan = s.plan
	case *veiviserv1.ValidatePlanRequest:
		in.Plan = s.plan
	}
}

// listed lets a section with nothing but event lines be the events of the request, and one with a list its items.
func listed(in proto.Message, body string) string {
	switch in.(type) {
	case *veiviserv1.SetDirectiveRequest, *veiviserv1.SetConsentRequest:
		return wished(in, body)
	case *veiviserv1.RecordEventsRequest:
		if body != "" && strings.IndexByte("+-n", body[0]) >= 0 && !strings.HasPrefix(body, "- ") {
			lines := strings.Split(strings.TrimSpace(body), "\n")
			for i, l := range lines {
				lines[i] = "- " + fmt.Sprintf("%q", l)
			}
			body = strings.Join(lines, "\n")
		}
		if strings.HasPrefix(body, "- ") {
			return "events:\n" + body
		}
	case *veiviserv1.UpsertItemsRequest:
		if strings.HasPrefix(body, "- ") {
			return "items:\n" + body
		}
	}
	return body
}

// keep remembers by name what later steps may refer to, and checks what must hold of every answer.
func (s *story) keep(in, out proto.Message) {
	s.t.Helper()
	for _, wrong := range audit(in, out) {
		s.wrong = append(s.wrong, s.step+": "+wrong)
	}
	decisions := func(m *veiviserv1.RecommendResponse) {
		s.count["decision"]++
		for i, d := range m.GetDecisions() {
			s.reader.names[fmt.Sprintf("$decision%d.%d", s.count["decision"], i)] = d.GetDecisionId()
		}
	}
	page := func(token string) {
		s.count["page"]++
		s.reader.names[fmt.Sprintf("$page%d", s.count["page"])] = token
	}
	switch m := out.(type) {
	case *veiviserv1.RecommendResponse:
		decisions(m)
	case *veiviserv1.WatchRecommendationsResponse:
		decisions(m.GetAnswer())
	case *veiviserv1.UpsertItemsResponse:
		s.count["etag"]++
		for i, r := range m.GetResults() {
			s.reader.names[fmt.Sprintf("$etag%d.%d", s.count["etag"], i)] = r.GetEtag()
		}
	case *veiviserv1.SetDirectiveResponse:
		s.count["wish"]++
		s.reader.names[fmt.Sprintf("$wish%d", s.count["wish"])] = m.GetDirective().GetDirectiveId()
	case *veiviserv1.ListCasesResponse:
		for i, c := range m.GetOpen() { // of the last list: it is asked for until it is the one wanted
			s.reader.names[fmt.Sprintf("$case%d", i)] = c.GetCaseId()
		}
	case *veiviserv1.ListItemsResponse:
		page(m.GetNextPageToken())
	case *veiviserv1.ListPlanVersionsResponse:
		page(m.GetNextPageToken())
	case *veiviserv1.ListSegmentProfilesResponse:
		page(m.GetNextPageToken())
	}
}

// watch begins to watch; the stream ends with the test, or with the next watch.
func (s *story) watch(args []string, body string) string {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	in := s.request("DecisionService", "WatchRecommendations", []string{"visitor_id"}, args, body)
	next, stop := iter.Pull2(s.caller.follow(ctx, method(s.t, "DecisionService", "WatchRecommendations"), in))
	s.t.Cleanup(func() { cancel(); stop() })
	s.next = func() (proto.Message, error, bool) {
		type answer struct {
			m   proto.Message
			err error
			ok  bool
		}
		got := make(chan answer, 1)
		go func() {
			m, err, ok := next()
			got <- answer{m, err, ok}
		}()
		select {
		case a := <-got:
			if a.ok && a.err == nil {
				s.keep(in, a.m)
			}
			return a.m, a.err, a.ok
		case <-time.After(patience):
			cancel()
			<-got
			return nil, errors.New("nothing came"), true
		}
	}
	return s.more(args)
}

// more shows the next answer of what is watched.
func (s *story) more(args []string) string {
	s.t.Helper()
	m, err, ok := s.next()
	switch {
	case !ok:
		return "the end\n"
	case err != nil:
		return failure(err)
	}
	return show(m, flagsOf(args))
}

func flagsOf(args []string) flags {
	f := flags{}
	for _, a := range args {
		if shows[a] {
			f[a] = true
		}
	}
	return f
}
