// A page that follows nothing of its own: it says whether the server can be reached.

import { connect } from "../channels_celery/client.js";
import { showConnection } from "./connection.js";

showConnection(connect("/ws/"), "No page can be opened.");
