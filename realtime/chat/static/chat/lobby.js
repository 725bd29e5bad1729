// The page that lists the rooms.

import { connect } from "../channels_celery/client.js";
import { Rooms } from "./rooms.js";
import { showState } from "./state.js";

const connection = connect("/ws/");
showState(connection);
new Rooms(connection, document.getElementById("rooms"));
