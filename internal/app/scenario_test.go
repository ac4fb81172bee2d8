// Scenarios show what the service does as its callers see it: each file in testdata is a story of requests and, in short
// form, their answers. Every story is told over gRPC, over HTTP/JSON and with the Go client, on the embedded store and,
// when VEIVISER_TEST_REDIS names a server ("redis://127.0.0.1:6379/0"), on Redis. The answers must be the same.
//
//	go test ./internal/app -run TestScenarios/stage_rises   one story
//	go test ./internal/app -update                          writes the answers anew; read the diff as a user would
//
// A file begins with what it shows. Then steps follow, each with the answer it wants (see steps for the kinds):
//
//	-- record kari --
//	+0m search bike/ebike query='hvilken elsykkel'
//	-- want --
//	accepted e1
//	-- recommend kari +1m --
//	placements: [home_hero]
//	context: {subject: bike/ebike}
//	-- want --
//	…
//
// Requests are written as scenario_read_test.go says, answers as scenario_show_test.go does.
package app_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/veiviser/veiviser/internal/app"
	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/veiviser"
)

var update = flag.Bool("update", false, "write the answers of the scenarios anew")

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for i, file := range files {
		if raced.On && i%4 != 0 {
			continue // a fourth of them is enough for the race detector
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				rewrite(t, file, archive)
			}
			for k, s := range stores {
				for l, over := range transports {
					// Under the race detector each is told in one way, and the ways take turns.
					if raced.On && i/4%(len(stores)*len(transports)) != k*len(transports)+l {
						continue
					}
					t.Run(over.name+"/"+s.name, func(t *testing.T) {
						t.Parallel()
						url := s.url(t)
						for left := 3; ; left-- {
							wrong, starved := told(t, archive, url, over.dial)
							if starved && left > 1 {
								t.Log("the store did not answer in time on this busy machine; told again from the start")
								continue
							}
							for _, w := range wrong {
								t.Error(w)
							}
							return
						}
					})
				}
			}
		})
	}
}

// told tells the story to a server of its own and says what is wrong with the answers. Starved says that the store was too
// late for one of them, as the contract allows when a machine is busy, so that nothing was shown.
func told(t *testing.T, archive *txtar.Archive, url string, dial func(*testing.T, *app.App) caller) (wrong []string, starved bool) {
	t.Helper()
	story := newStory(t, archive)
	story.start(url)
	story.caller = dial(t, story.server)
	story.tell(func(_ int, got, want string) {
		if diff := cmp.Diff(want, got); diff != "" {
			story.wrong = append(story.wrong, story.step+": (-want +got)\n"+diff)
			starved = starved || strings.Contains(got, string(veiviser.ReasonStoreUnavailable))
		}
	})
	return story.wrong, starved
}

// rewrite tells the story once, over the first transport and on the first store, and writes down what it answers.
func rewrite(t *testing.T, file string, archive *txtar.Archive) {
	t.Helper()
	story := newStory(t, archive)
	story.start(stores[0].url(t))
	story.caller = transports[0].dial(t, story.server)
	var files []txtar.File
	story.tell(func(i int, got, _ string) {
		files = append(files, archive.Files[i])
		if !silent(archive.Files[i].Name) {
			files = append(files, txtar.File{Name: "want", Data: []byte(got)})
		}
	})
	for _, w := range story.wrong {
		t.Error(w)
	}
	archive.Files = files
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
